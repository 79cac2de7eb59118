"""Connects with the URL of the variable CLIENT_URL and prints who it is: connect.py asyncpg|psycopg|sqlalchemy"""

import asyncio
import os
import sys

WHO = "SELECT current_user || '@' || current_database()"
url = os.environ["CLIENT_URL"]


async def plain_asyncpg():
    import asyncpg

    connection = await asyncpg.connect(url)
    return await connection.fetchval(WHO)


def plain_psycopg():
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(WHO).fetchone()[0]


def sqlalchemy_engine():
    import sqlalchemy

    with sqlalchemy.create_engine(url).connect() as connection:
        return connection.execute(sqlalchemy.text(WHO)).scalar()


async def sqlalchemy_async_engine():
    import sqlalchemy
    from sqlalchemy.ext.asyncio import create_async_engine

    async with create_async_engine(url).connect() as connection:
        return (await connection.execute(sqlalchemy.text(WHO))).scalar()


match sys.argv[1]:
    case "asyncpg":
        print(asyncio.run(plain_asyncpg()))
    case "psycopg":
        print(plain_psycopg())
    case "sqlalchemy" if "+asyncpg" in url:
        print(asyncio.run(sqlalchemy_async_engine()))
    case "sqlalchemy":
        print(sqlalchemy_engine())
