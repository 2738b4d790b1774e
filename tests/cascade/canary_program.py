"""Runs calls whose key is a canary with every log at DEBUG, and prints all that anybody could see of them.

Arguments: the test server's address, the folder of cascade.yaml. The canary is in the environment, in the configuration
by `${…}`, in an address's query, and echoed by the provider.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(name)s %(message)s")

import litellm  # noqa: E402 - the logs are set up first

litellm.set_verbose = True
litellm._turn_on_debug()

from cascade.config import load_config  # noqa: E402
from cascade.errors import CascadeError  # noqa: E402
from cascade.report import report  # noqa: E402

folder = Path(sys.argv[1])
app = load_config(folder / "cascade.yaml").open()
for task in ("echo", "query", "fine", "broken"):
    try:
        print(app.run("Is it fine?", task=task))
    except CascadeError as error:
        traceback.print_exception(error)
        link: BaseException | None = error
        while link is not None:
            print(str(link), repr(link), vars(link))
            link = link.__cause__ or link.__context__
app.log.flush()
print(json.dumps(report(app.log).to_json()), app, app.ladder, app.ladder.rungs, app.ladder.of("query").rungs)
logging.getLogger("cascade.stack").warning("it was %s", sys.argv[2])
try:
    int(sys.argv[2])
except ValueError:
    logging.getLogger("LiteLLM").exception("gone wrong")
for file in sorted(folder.glob("decisions.db*")):
    print(file.read_bytes().decode("latin-1"))
app.close()
for file in sorted(folder.glob("decisions.db*")):
    print(file.read_bytes().decode("latin-1"))
print("of the proxy:", sorted(name for name in sys.modules if name.startswith("litellm.proxy.proxy_server")))
