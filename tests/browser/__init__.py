"""The example page in a real browser: headless Chromium, on the embedded store, MinIO and Ceph.

Screenshots are kept in `build/screenshots`, or in the directory that `DATA_STORE_SCREENSHOTS` names.
"""
