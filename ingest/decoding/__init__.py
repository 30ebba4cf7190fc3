"""The second stage: from the bytes of records to checked events, or the reason for a rejection."""
