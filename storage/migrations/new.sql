CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	facts JSON NOT NULL, who VARCHAR(100) DEFAULT '' NOT NULL, host VARCHAR(100) DEFAULT '' NOT NULL, command VARCHAR(32) DEFAULT '' NOT NULL, digest VARCHAR(64) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE TABLE batches (
	id VARCHAR(64) NOT NULL, 
	begun VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_batches PRIMARY KEY (id)
);
CREATE TABLE cleanups (
	"key" VARCHAR(900) NOT NULL, 
	CONSTRAINT pk_cleanups PRIMARY KEY ("key")
);
CREATE TABLE dossiers (
	code VARCHAR(50) NOT NULL, 
	agency VARCHAR(40) NOT NULL, 
	level1 VARCHAR(8) NOT NULL, 
	received_on VARCHAR(10) NOT NULL, 
	CONSTRAINT pk_dossiers PRIMARY KEY (code)
);
CREATE INDEX ix_dossiers_agency ON dossiers (agency);
CREATE INDEX ix_dossiers_received_on ON dossiers (received_on);
CREATE TABLE state (
	name VARCHAR(32) NOT NULL, 
	value INTEGER NOT NULL, 
	CONSTRAINT pk_state PRIMARY KEY (name)
);
CREATE TABLE sources (
	sha256 VARCHAR(64) NOT NULL, 
	reading VARCHAR(64) NOT NULL, 
	batch VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	media_type VARCHAR(100) NOT NULL, 
	extension VARCHAR(16) NOT NULL, 
	bytes BIGINT NOT NULL, 
	pages INTEGER NOT NULL, 
	signed BOOLEAN NOT NULL, 
	received VARCHAR(40) NOT NULL, 
	record JSON NOT NULL, 
	original JSON NOT NULL, 
	error VARCHAR(64) NOT NULL, 
	generation INTEGER NOT NULL, 
	CONSTRAINT pk_sources PRIMARY KEY (sha256), 
	CONSTRAINT fk_sources_batch FOREIGN KEY(batch) REFERENCES batches (id)
);
CREATE INDEX ix_sources_generation ON sources (generation);
CREATE TABLE other_codes (
	dossier VARCHAR(50) NOT NULL, 
	code VARCHAR(50) NOT NULL, 
	CONSTRAINT pk_other_codes PRIMARY KEY (dossier, code), 
	CONSTRAINT fk_other_codes_dossier FOREIGN KEY(dossier) REFERENCES dossiers (code)
);
CREATE INDEX ix_other_codes_code ON other_codes (code);
CREATE TABLE documents (
	id VARCHAR(64) NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	dossier VARCHAR(50), 
	ordinal INTEGER, 
	type VARCHAR(64) NOT NULL, 
	score FLOAT NOT NULL, 
	title TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	issued_on VARCHAR(10) NOT NULL, 
	issuer TEXT NOT NULL, 
	record JSON NOT NULL, 
	files JSON NOT NULL, 
	review JSON NOT NULL, 
	review_state VARCHAR(16) NOT NULL, 
	filed_by VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_documents PRIMARY KEY (id), 
	CONSTRAINT fk_documents_dossier FOREIGN KEY(dossier) REFERENCES dossiers (code), 
	CONSTRAINT fk_documents_source FOREIGN KEY(source) REFERENCES sources (sha256), 
	CONSTRAINT uq_documents_dossier_ordinal UNIQUE (dossier, ordinal)
);
CREATE INDEX ix_documents_review_state ON documents (review_state);
CREATE INDEX ix_documents_source ON documents (source);
CREATE INDEX ix_documents_type ON documents (type);
CREATE TABLE pages (
	source VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	document VARCHAR(64), 
	state VARCHAR(16) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_pages PRIMARY KEY (source, number), 
	CONSTRAINT fk_pages_source FOREIGN KEY(source) REFERENCES sources (sha256)
);
CREATE INDEX ix_pages_document ON pages (document);
CREATE INDEX ix_pages_state ON pages (state);
CREATE TABLE receipts (
	id INTEGER NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	batch VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	received VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_receipts PRIMARY KEY (id), 
	CONSTRAINT fk_receipts_batch FOREIGN KEY(batch) REFERENCES batches (id), 
	CONSTRAINT fk_receipts_source FOREIGN KEY(source) REFERENCES sources (sha256), 
	CONSTRAINT uq_receipts_source_name UNIQUE (source, name)
);
CREATE TABLE findings (
	id VARCHAR(20) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	source VARCHAR(64), 
	document VARCHAR(64), 
	dossier VARCHAR(50), 
	batch VARCHAR(64), 
	page INTEGER NOT NULL, 
	field VARCHAR(64) NOT NULL, 
	box JSON NOT NULL, 
	candidates JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	recorded VARCHAR(40) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	who VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_findings PRIMARY KEY (id)
);
CREATE INDEX ix_findings_batch ON findings (batch);
CREATE INDEX ix_findings_document ON findings (document);
CREATE INDEX ix_findings_dossier ON findings (dossier);
CREATE INDEX ix_findings_source ON findings (source);
CREATE INDEX ix_findings_state_reason ON findings (state, reason);
CREATE TABLE known_dossiers (
	code VARCHAR(50) NOT NULL, 
	agency VARCHAR(40) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	procedure VARCHAR(40) NOT NULL, 
	procedure_name TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	received_on VARCHAR(10) NOT NULL, 
	due_on VARCHAR(10) NOT NULL, 
	place TEXT NOT NULL, 
	words TEXT NOT NULL, 
	recorded VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_known_dossiers PRIMARY KEY (code)
);
CREATE INDEX ix_known_dossiers_agency_month ON known_dossiers (agency, month);
CREATE TABLE procedures (
	code VARCHAR(40) NOT NULL, 
	record JSON NOT NULL, 
	CONSTRAINT pk_procedures PRIMARY KEY (code)
);
CREATE TABLE completeness (
	dossier VARCHAR(50) NOT NULL, 
	procedure VARCHAR(40) NOT NULL, 
	procedure_name TEXT NOT NULL, 
	due INTEGER NOT NULL, 
	digitized INTEGER NOT NULL, 
	missing INTEGER NOT NULL, 
	doubtful INTEGER NOT NULL, 
	results_due INTEGER NOT NULL, 
	results INTEGER NOT NULL, 
	record JSON NOT NULL, 
	CONSTRAINT pk_completeness PRIMARY KEY (dossier), 
	CONSTRAINT fk_completeness_dossier FOREIGN KEY(dossier) REFERENCES dossiers (code)
);
CREATE INDEX ix_completeness_procedure ON completeness (procedure);
CREATE TABLE known_codes (
	code VARCHAR(50) NOT NULL, 
	dossier VARCHAR(50) NOT NULL, 
	CONSTRAINT pk_known_codes PRIMARY KEY (code, dossier), 
	CONSTRAINT fk_known_codes_dossier FOREIGN KEY(dossier) REFERENCES known_dossiers (code)
);
CREATE INDEX ix_known_codes_dossier ON known_codes (dossier);
CREATE TABLE corrections (
	id VARCHAR(20) NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	document VARCHAR(64) NOT NULL, 
	pages JSON NOT NULL, 
	field VARCHAR(64) NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	page INTEGER NOT NULL, 
	box JSON NOT NULL, 
	who VARCHAR(100) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	turn INTEGER NOT NULL, 
	CONSTRAINT pk_corrections PRIMARY KEY (id), 
	CONSTRAINT fk_corrections_source FOREIGN KEY(source) REFERENCES sources (sha256)
);
CREATE INDEX ix_corrections_source ON corrections (source);
CREATE TABLE page_hashes (
	source VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	hash VARCHAR(16) NOT NULL, 
	band0 INTEGER NOT NULL, 
	band1 INTEGER NOT NULL, 
	band2 INTEGER NOT NULL, 
	band3 INTEGER NOT NULL, 
	CONSTRAINT pk_page_hashes PRIMARY KEY (source, number), 
	CONSTRAINT fk_page_hashes_source FOREIGN KEY(source) REFERENCES sources (sha256)
);
CREATE INDEX ix_page_hashes_band0 ON page_hashes (band0);
CREATE INDEX ix_page_hashes_band1 ON page_hashes (band1);
CREATE INDEX ix_page_hashes_band2 ON page_hashes (band2);
CREATE INDEX ix_page_hashes_band3 ON page_hashes (band3);
CREATE TABLE same_papers (
	document VARCHAR(64) NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_same_papers PRIMARY KEY (document), 
	CONSTRAINT fk_same_papers_source FOREIGN KEY(source) REFERENCES sources (sha256)
);
CREATE INDEX ix_same_papers_key ON same_papers ("key");
CREATE INDEX ix_same_papers_source ON same_papers (source);
CREATE TABLE objects (
	"key" VARCHAR(900) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	bytes BIGINT NOT NULL, 
	recorded VARCHAR(40) NOT NULL, 
	checked VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_objects PRIMARY KEY ("key")
);
CREATE INDEX ix_objects_checked ON objects (checked);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TABLE agencies (
	code VARCHAR(40) NOT NULL, 
	valid_from VARCHAR(10) NOT NULL, 
	valid_to VARCHAR(10) NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_agencies PRIMARY KEY (code, valid_from)
);
INSERT INTO alembic_version VALUES ('0005');
