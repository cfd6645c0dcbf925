"""What goes wrong between a client and its server, and on the caller's own disk; `minio` and `boto3`, same outcome."""
