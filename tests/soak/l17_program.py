"""The program of L17: one cascade, used from threads, many event loops, inside a running one, and after a fork."""

import asyncio
import os
import sys
import threading
import warnings

from cascade import Cascade, Ladder, Price, Rung
from verifiers import Refusal


def main(url: str, log: str, threads: int) -> None:
    warnings.simplefilter("error", ResourceWarning)
    warnings.simplefilter("error", RuntimeWarning)
    price = Price(input_usd=1e-6, output_usd=1e-6)
    rung = Rung("openai/ok", api_base=url, api_key="none", price=price, verify=(Refusal(),))
    done: list[bool] = []

    def ask(name: str) -> None:
        done.append(app.run(f"{name} in a thread").answer == "fine")

    async def some(name: str, count: int) -> None:
        results = await asyncio.gather(*(app.arun(f"{name} {i}") for i in range(count)))
        done.extend(result.answer == "fine" for result in results)

    async def inside() -> None:
        done.append(app.run("inside a running loop").answer == "fine")

    def all_at_once(works) -> None:
        running = [threading.Thread(target=work) for work in works]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    with Cascade(Ladder(rung), log=log) as app:
        all_at_once([lambda i=i: [ask(f"{i}.{j}") for j in range(20)] for i in range(threads)])
        all_at_once([lambda i=i: asyncio.run(some(f"loop {i}", 10)) for i in range(8)])
        for i in range(3):
            asyncio.run(some(f"again {i}", 1))
        asyncio.run(inside())
        child = os.fork()
        if child == 0:
            answered = app.run("in the child").answer == "fine"
            app.log.flush()
            app.close()
            os._exit(0 if answered else 1)
        _, status = os.waitpid(child, 0)
        done.append(os.waitstatus_to_exitcode(status) == 0)
        done.append(app.run("in the parent, afterwards").answer == "fine")
    print(len(done), sum(done))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
