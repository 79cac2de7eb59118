from sqlalchemy import BigInteger, Boolean, Column, Text, false
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(BigInteger, primary_key=True)
    customer = Column(Text, nullable=False, index=True)
    paid = Column(Boolean, nullable=False, server_default=false())
