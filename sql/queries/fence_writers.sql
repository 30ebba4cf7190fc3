-- Take every partition from its writer, which then claims it again and looks up its agents again.
update ingest_offsets set epoch = epoch + 1
