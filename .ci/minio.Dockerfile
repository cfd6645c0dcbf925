# The MinIO server where its published image cannot be pulled; takes the same commands.
FROM scratch
ARG VERSION
LABEL version=$VERSION
ENV PATH=/usr/bin
COPY minio /usr/bin/minio
VOLUME ["/data"]
EXPOSE 9000
ENTRYPOINT ["/usr/bin/minio"]
