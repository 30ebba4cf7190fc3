"""A Quix Streams application. Arguments: broker, topic, group, database, folder."""

import sys
from urllib.parse import urlsplit

from quixstreams import Application
from quixstreams.sinks.community.postgresql import PostgreSQLSink


def main(bootstrap: str, topic_name: str, group: str, url: str, folder: str) -> None:
    """Run until killed."""
    database = urlsplit(url)
    application = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=10_000,
        commit_interval=60,
        state_dir=folder,
        loglevel="WARNING",
    )
    sink = PostgreSQLSink(
        host=database.hostname or "",
        port=database.port or 5432,
        dbname=database.path.lstrip("/"),
        user=database.username or "",
        password=database.password or "",
        table_name="samples",
        schema_auto_update=False,
        include_metadata=False,
    )
    samples = application.dataframe(application.topic(topic_name, value_deserializer="json"))
    samples.drop("type").sink(sink)
    application.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
