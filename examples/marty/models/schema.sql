CREATE TABLE credential_offers (
	id UUID DEFAULT gen_random_uuid() NOT NULL, 
	credential_issuer TEXT NOT NULL, 
	subject_ref TEXT, 
	status TEXT DEFAULT 'open' NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT credential_offers_status_check CHECK (status IN ('open', 'redeemed', 'withdrawn'))
);

CREATE TABLE access_tokens (
	id BIGSERIAL NOT NULL, 
	offer_id UUID NOT NULL, 
	token_digest TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT access_tokens_offer_id_fkey FOREIGN KEY(offer_id) REFERENCES credential_offers (id)
);

CREATE INDEX access_tokens_offer_id_idx ON access_tokens (offer_id);

