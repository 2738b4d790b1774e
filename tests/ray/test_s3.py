"""A bulk run on Ray from and to S3, killed and run again: each request has one row. The store is moto's."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from tests.batch_server import BatchServer

pytest.importorskip("ray", reason="Ray is in an environment of its own: make ray")
pytest.importorskip("moto", reason="a store that speaks S3 is in the environment of Ray: make ray")
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from tests.ray.test_ray_run import configured, kill_once, slowly, started, told

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]
N = 3_000


@pytest.fixture
def bucket(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name, value in (*((name, "testing") for name in names), ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-the-test-server")
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        store = fs.S3FileSystem(endpoint_override=f"http://127.0.0.1:{port}", allow_bucket_creation=True)
        store.create_dir("bucket")
        yield store
        server.terminate()


def files(store, folder):
    found = store.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
    return [one.path for one in found if one.path.endswith(".parquet")]


def test_from_s3_to_s3_killed_and_run_again_each_request_has_one_row(bucket, tmp_path):
    for part in range(2):
        rows = range(part * N // 2, (part + 1) * N // 2)
        table = pa.table({"id": [f"q{i}" for i in rows], "prompt": [f"What about number {i}" for i in rows]})
        pq.write_table(table, f"bucket/today/{part}.parquet", filesystem=bucket, row_group_size=600)

    with BatchServer(slowly) as server:
        configured(tmp_path, server)
        places = {"source": "s3://bucket/today/*.parquet", "output": "s3://bucket/answered"}
        kill_once(started(tmp_path, **places), lambda: files(bucket, "bucket/answered"))
        done = told(started(tmp_path, **places))
        assert (done["n"], done["outcomes"], done["resumed"]) == (N, {"accepted": N}, True)
        rows = [
            row
            for name in files(bucket, "bucket/answered")
            for row in pq.read_table(name, filesystem=bucket).to_pylist()
        ]
        assert sorted(row["id"] for row in rows) == sorted(f"q{i}" for i in range(N))
        assert all(row["answer"].endswith(f"{row['id'][1:]}.") for row in rows)
        assert not files(bucket, "bucket/answered.ray")
