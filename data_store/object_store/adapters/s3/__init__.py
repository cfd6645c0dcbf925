"""The S3 protocol that SDKs keep private or make slow: signing, XML, transport."""
