-- Unpublished events of document_signer are lost: drain the outbox first.
DROP TABLE document_signer_outbox;
