-- The table first: its triggers hold the function.
DROP TABLE issued_credential_audit;
DROP FUNCTION issued_credential_audit_refuse_change();
