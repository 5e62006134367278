"""Line images to text: the line finder, the recognising network in batches, its scores decoded in context."""
