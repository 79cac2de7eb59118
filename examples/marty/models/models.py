"""Models of the service document_signer, in SQLAlchemy.

    python3 models.py > schema.sql
    martydb revision document_signer --from schema.sql -m "credential offers"
"""
from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, Text, Uuid, create_mock_engine, func
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class CredentialOffer(Base):
    __tablename__ = "credential_offers"
    id = Column(Uuid, primary_key=True, server_default=func.gen_random_uuid())
    credential_issuer = Column(Text, nullable=False)
    subject_ref = Column(Text)
    status = Column(Text, nullable=False, server_default="open")
    created_at = Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    __table_args__ = (CheckConstraint("status IN ('open', 'redeemed', 'withdrawn')", name="credential_offers_status_check"),)


class AccessToken(Base):
    __tablename__ = "access_tokens"
    id = Column(BigInteger, primary_key=True)
    offer_id = Column(Uuid, ForeignKey("credential_offers.id", name="access_tokens_offer_id_fkey"), nullable=False)
    token_digest = Column(Text, nullable=False)
    scope = Column(Text, nullable=False)
    __table_args__ = (Index("access_tokens_offer_id_idx", "offer_id"),)


def print_schema():
    """Prints the statements that make the tables of all models."""
    engine = create_mock_engine("postgresql://", lambda sql, *_: print(str(sql.compile(dialect=engine.dialect)).strip() + ";\n"))
    Base.metadata.create_all(engine, checkfirst=False)


if __name__ == "__main__":
    print_schema()
