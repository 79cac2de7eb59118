"""The change: consent of users to an offer.

    python3 consents.py > schema_with_consents.sql
    martydb revision document_signer --from schema_with_consents.sql -m "add user consent tracking"
"""
from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Text, Uuid, false

from models import AccessToken, Base, print_schema

AccessToken.audience = Column(Text)


class UserConsent(Base):
    __tablename__ = "user_consents"
    id = Column(BigInteger, primary_key=True)
    offer_id = Column(Uuid, ForeignKey("credential_offers.id", name="user_consents_offer_id_fkey"), nullable=False, index=True)
    granted = Column(Boolean, nullable=False, server_default=false())
    granted_at = Column(DateTime(timezone=True))


if __name__ == "__main__":
    print_schema()
