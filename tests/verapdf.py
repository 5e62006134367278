"""veraPDF, the reference validator of PDF/A, as the tests run it: fetched once by maven, then many files in one Java process."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from tests.trust import java_options

VERSION = "1.28.2"
#: Most runs are short: the quick compiler and the simplest collector start a third faster.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
CACHE = Path(__file__).parents[1] / ".tools" / "verapdf" / VERSION

#: Java's start-up costs more than most files do; a command line takes this many names without trouble.
FILES_A_RUN = 200

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sohoa.tests</groupId>
  <artifactId>verapdf</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.verapdf.apps</groupId>
      <artifactId>greenfield-apps</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


@dataclass(frozen=True)
class Verdict:
    """What veraPDF says of one file."""

    passed: bool
    reasons: tuple[str, ...] = ()  #: clause and description of each failed rule, or why the file could not be read

    def __bool__(self) -> bool:
        return self.passed


def classpath() -> str:
    """The jars of veraPDF, fetched on first use; skips the test, with the reason, where maven or Java is not there."""
    for tool in ("java", "mvn"):
        if not shutil.which(tool) and (tool == "java" or not _complete()):
            pytest.skip(f"veraPDF needs {tool}")
    if not _complete():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        with (CACHE.parent / "lock").open("w") as lock:  # the tests run in more processes than one
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _complete():
                _fetch()
    return os.pathsep.join(sorted(str(p) for p in CACHE.glob("*.jar")))


def _complete() -> bool:
    return (CACHE / "complete").exists()


def _fetch() -> None:
    part = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    part.mkdir(parents=True)
    try:
        (part / "pom.xml").write_text(POM, encoding="utf-8")
        command = ["mvn", "-q", "-B", "-f", str(part / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=540, check=False)
        if done.returncode and (trust := java_options(part)):
            environment = os.environ | {"MAVEN_OPTS": " ".join([os.environ.get("MAVEN_OPTS", ""), *trust]).strip()}
            done = subprocess.run([*command, "-U"], capture_output=True, text=True, timeout=540, check=False, env=environment)
        if done.returncode:
            pytest.skip(f"maven could not fetch veraPDF: {(done.stdout + done.stderr).strip()[-300:]}")
        (part / "complete").touch()
        if CACHE.exists():
            shutil.rmtree(CACHE)
        part.rename(CACHE)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def verapdf(files: Iterable[Path], flavour: str = "2b") -> dict[Path, Verdict]:
    """Verdict of the reference validator on each file, in the order given."""
    todo = [Path(f).resolve() for f in files]
    jars = classpath()
    found: dict[str, Verdict] = {}
    for start in range(0, len(todo), FILES_A_RUN):
        command = [*JAVA, "-cp", jars, MAIN, "--flavour", flavour, "--format", "xml", "--maxfailuresdisplayed", "1"]
        names = [str(f) for f in todo[start : start + FILES_A_RUN]]
        done = subprocess.run([*command, *names], capture_output=True, timeout=540, check=False)
        found |= dict(_jobs(done.stdout))
    missing = Verdict(False, ("veraPDF says nothing of this file",))
    return {f: found.get(str(f), missing) for f in todo}


def _jobs(report: bytes) -> Iterator[tuple[str, Verdict]]:
    for job in etree.fromstring(report).iter("{*}job"):
        name = job.findtext("{*}item/{*}name") or ""
        result = job.find("{*}validationReport")
        if result is None:
            trouble = job.findtext(".//{*}exceptionMessage") or "no validation report"
            yield name, Verdict(False, (trouble,))
            continue
        rules = tuple(f"{r.get('clause')}-{r.get('testNumber')} {(r.findtext('{*}description') or '')[:200]}" for r in result.iter("{*}rule"))
        yield name, Verdict(result.get("isCompliant") == "true", rules)
