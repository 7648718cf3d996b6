"""pgvector on a real PostgreSQL: read-only by the server's own word, LangChain's tables, locks, bad addresses."""

import psycopg
import pytest

from doctor.errors import StoreError
from doctor.stores import opened
from tests.rag import indexes
from tests.rag.postgres import database
from tests.stores.reading import reading

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)


def connected(url):
    return psycopg.connect(url, autocommit=True)


def checksum(url):
    with connected(url) as connection:
        return connection.execute("SELECT md5(string_agg(t::text, '' ORDER BY id)), count(*) FROM docs t").fetchone()


def test_the_server_refuses_to_write_and_the_rows_stay(cluster, rows):
    place = indexes.pgvector(database(cluster, "readonly"), rows)
    before = checksum(place[0])
    with reading(place) as store:
        store.sample("docs", 0, 30)
        store.query("docs", rows.vectors[0], 3, {})
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            store._connection.execute("DELETE FROM docs")
    assert checksum(place[0]) == before


def test_the_metric_is_that_of_the_index_and_the_query_follows_it(cluster, rows):
    place = indexes.pgvector(database(cluster, "metric"), rows, metric="l2", index="ivfflat")
    with reading(place) as store:
        told = store.describe("docs")
        assert (told.metric, told.index, told.metric_source) == ("l2", "ivfflat", "index (vector_l2_ops)")


def test_without_an_index_the_metric_is_assumed_and_said_so(cluster, rows):
    place = indexes.pgvector(database(cluster, "bare"), rows, index="")
    with reading(place) as store:
        told = store.describe("docs")
    assert (told.metric, told.index) == ("cosine", "flat")
    assert told.metric_source.startswith("assumed")


def test_rows_without_a_vector_are_counted(cluster, rows):
    vectors = [None if n % 5 == 0 else vector for n, vector in enumerate(rows.vectors)]
    place = indexes.pgvector(database(cluster, "nulls"), rows.with_vectors(vectors))
    with reading(place) as store:
        assert store.describe("docs").without_vector == 12


def test_collections_of_langchain_share_a_table(cluster, rows):
    url = database(cluster, "langchain")
    with connected(url) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE langchain_pg_collection(uuid uuid PRIMARY KEY, name text, cmetadata json)")
        connection.execute(
            "CREATE TABLE langchain_pg_embedding(id text PRIMARY KEY, collection_id uuid, embedding vector, "
            "document text, cmetadata jsonb)"
        )
        for number, name in enumerate(("handbook", "letters")):
            uuid = f"00000000-0000-0000-0000-00000000000{number}"
            connection.execute("INSERT INTO langchain_pg_collection VALUES(%s, %s, NULL)", (uuid, name))
            for n in range(number * 10, number * 10 + 10):
                values = (f"{name}{n}", uuid, str(rows.vectors[n].tolist()), rows.texts[n], '{"source": "a.md"}')
                connection.execute("INSERT INTO langchain_pg_embedding VALUES(%s, %s, %s, %s, %s)", values)
    with reading((url, indexes.Fields())) as store:
        assert store.collections() == ("handbook", "letters")
        told = store.describe("letters")
        assert (told.count, told.dimension, told.text_field) == (10, 256, "document")
        assert {chunk.text for chunk in store.sample("letters", 0, 99)} == set(rows.texts[10:20])
        assert store.query("letters", rows.vectors[3], 3, {})[0].startswith("letters")
        assert store.matching("letters", {"source": "a.md"}) == 10


def test_a_database_that_is_locked_says_so(cluster, rows):
    place = indexes.pgvector(database(cluster, "locked"), rows, index="")
    with connected(place[0]) as holder, holder.transaction():
        holder.execute("LOCK TABLE docs IN ACCESS EXCLUSIVE MODE")
        with reading(place) as store:
            store._connection.execute("SET lock_timeout = 50")
            with pytest.raises(StoreError, match="lock"):
                store.describe("docs")


@pytest.mark.parametrize("url", ["postgresql://u:geheim@127.0.0.1:9/x", "postgresql://u:geheim@[bad/x"])
def test_an_address_that_cannot_be_used_gives_a_sentence_without_the_password(url):
    with pytest.raises(StoreError) as caught:
        opened(url)
    assert "PostgreSQL" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_database_without_the_extension_is_named(cluster):
    with pytest.raises(StoreError, match="no extension named vector"):
        opened(database(cluster, "plain"))
