"""Interrupts: real signals at chosen moments."""

import os
import signal

import pytest

from nutgraf.api.cli.indexing.interrupts import Interrupts


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    before = signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, before)


def test_an_interrupt_waits_for_the_end_of_a_deferred_block(number):
    done = []

    def interrupted():
        with Interrupts() as interrupts:
            with interrupts.deferred():
                os.kill(os.getpid(), number)
                done.append("the rest of the block")
            done.append("after the block")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["the rest of the block"]
    assert signal.getsignal(number) is signal.default_int_handler


def test_an_interrupt_outside_such_a_block_does_not_wait(number):
    done = []

    def interrupted():
        with Interrupts():
            os.kill(os.getpid(), number)
            done.append("after the interrupt")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == []
    assert signal.getsignal(number) is signal.default_int_handler


def test_an_error_in_a_deferred_block_is_raised():
    with pytest.raises(ValueError, match="full"), Interrupts() as one, one.deferred():
        raise ValueError("full")


def test_a_handler_of_the_caller_stays(number):
    came = []
    signal.signal(number, lambda number, _: came.append(number))
    with Interrupts() as interrupts, interrupts.deferred():
        os.kill(os.getpid(), number)
    assert came == [number]
