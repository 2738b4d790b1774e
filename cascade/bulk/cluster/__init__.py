"""Bulk runs on a cluster of Ray: blocks of Parquet files, run by actors that hold the whole cascade."""
