-- A decision log as the first release wrote it: what an upgrade must be able to read.
PRAGMA application_id=1129530180;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE attempts (
	decision_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	task VARCHAR NOT NULL, 
	rung VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	confidence DOUBLE, 
	t DOUBLE, 
	g DOUBLE, 
	u DOUBLE, 
	failure VARCHAR, 
	status INTEGER, 
	finish_reason VARCHAR, 
	answer_usd DOUBLE NOT NULL, 
	verifiers_usd DOUBLE NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	usage_estimated BOOLEAN NOT NULL, 
	latency_s DOUBLE NOT NULL, 
	tries INTEGER NOT NULL, 
	model_reported VARCHAR, 
	flags TEXT NOT NULL, 
	answer_chars BIGINT NOT NULL, 
	answer_text TEXT, 
	PRIMARY KEY (decision_id, position)
)
 WITHOUT ROWID

;
INSERT INTO "attempts" VALUES('d-r-1',0,'default','small','test/small','escalate','confidence',0.2,0.5,0.0,6.63169382146422736745e-01,NULL,NULL,'stop',0.001,0.0,10,5,0,0,0,0.5,1,NULL,'[]',3,NULL);
INSERT INTO "attempts" VALUES('d-r-1',1,'default','large','test/large','accept','top',NULL,NULL,NULL,NULL,NULL,NULL,'stop',0.01,0.0,10,5,0,0,0,0.5,1,NULL,'[]',3,NULL);
INSERT INTO "attempts" VALUES('d-r-2',0,'default','small','test/small','accept','confidence',0.9,0.5,0.0,9.00197261595961695235e-01,NULL,NULL,'stop',0.001,0.0,10,5,0,0,0,0.5,1,NULL,'[]',3,NULL);
CREATE TABLE decisions (
	sequence INTEGER NOT NULL, 
	decision_id VARCHAR NOT NULL, 
	at_ms BIGINT NOT NULL, 
	task VARCHAR NOT NULL, 
	principal VARCHAR, 
	session VARCHAR, 
	quality VARCHAR, 
	"group" VARCHAR, 
	request_id VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	rung VARCHAR, 
	model VARCHAR, 
	confidence DOUBLE, 
	calibrated BOOLEAN NOT NULL, 
	first_answered BOOLEAN NOT NULL, 
	escalated BOOLEAN NOT NULL, 
	policy_sha256 VARCHAR, 
	weight DOUBLE NOT NULL, 
	cost_usd DOUBLE NOT NULL, 
	answers_usd DOUBLE NOT NULL, 
	verifiers_usd DOUBLE NOT NULL, 
	saved_usd DOUBLE, 
	saved_how VARCHAR, 
	latency_s DOUBLE NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	error TEXT, 
	flags TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	request_chars BIGINT NOT NULL, 
	request_text TEXT, 
	PRIMARY KEY (sequence), 
	UNIQUE (decision_id)
);
INSERT INTO "decisions" VALUES(1,'d-r-1',1800000000000,'default',NULL,NULL,NULL,NULL,'r-1','accepted','large','test/large',NULL,1,1,1,'81068fb0dbd47bcff4d87814f3d91519931ea1302b71fd2a33e63a6ff11ed607',1.0,0.011,0.011,0.0,NULL,NULL,1.0,20,10,2,NULL,'[]','{}',9,NULL);
INSERT INTO "decisions" VALUES(2,'d-r-2',1800000001000,'default',NULL,NULL,NULL,NULL,'r-2','accepted','small','test/small',0.9,1,1,0,'81068fb0dbd47bcff4d87814f3d91519931ea1302b71fd2a33e63a6ff11ed607',1.0,0.001,0.001,0.0,NULL,NULL,1.0,10,5,1,NULL,'[]','{}',9,NULL);
CREATE TABLE labels (
	decision_id VARCHAR NOT NULL, 
	rung VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	correct DOUBLE NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (decision_id, rung, source)
);
CREATE TABLE losses (
	sequence INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	n BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (sequence)
);
INSERT INTO "losses" VALUES(1,1795628880780,2,'so it was');
CREATE TABLE policies (
	sha256 VARCHAR NOT NULL, 
	at_ms BIGINT NOT NULL, 
	tasks TEXT NOT NULL, 
	PRIMARY KEY (sha256)
);
CREATE TABLE verdicts (
	decision_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	task VARCHAR NOT NULL, 
	rung VARCHAR NOT NULL, 
	verifier VARCHAR NOT NULL, 
	score DOUBLE, 
	veto BOOLEAN NOT NULL, 
	abstained BOOLEAN NOT NULL, 
	failed BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	signals TEXT NOT NULL, 
	cost_usd DOUBLE NOT NULL, 
	latency_s DOUBLE NOT NULL, 
	calls INTEGER NOT NULL, 
	source VARCHAR NOT NULL, 
	flags TEXT NOT NULL, 
	PRIMARY KEY (decision_id, position, place)
)
 WITHOUT ROWID

;
INSERT INTO "verdicts" VALUES('d-r-1',0,0,'default','small','says',0.2,0,0,0,'as the text says','{}',0.0,0.0,0,'computed','[]');
INSERT INTO "verdicts" VALUES('d-r-1',1,0,'default','large','says',0.9,0,0,0,'as the text says','{}',0.0,0.0,0,'computed','[]');
INSERT INTO "verdicts" VALUES('d-r-2',0,0,'default','small','says',0.9,0,0,0,'as the text says','{}',0.0,0.0,0,'computed','[]');
CREATE INDEX decisions_request ON decisions (request_id);
CREATE INDEX decisions_task_at ON decisions (task, at_ms);
COMMIT;
