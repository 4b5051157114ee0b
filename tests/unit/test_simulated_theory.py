"""The formulas that the simulator is compared with, against what is known of them."""

from __future__ import annotations

import pytest

from load.simulate.theory import erlang_c, mg1_wait, mmc_wait, two_classes


def test_of_two_counters_at_half_load_one_in_three_waits():
    assert erlang_c(2, 0.5) == pytest.approx(1 / 3)


def test_one_counter_is_the_same_by_erlang_and_by_pollaczek_and_khinchine():
    assert mmc_wait(1, 0.7) == pytest.approx(mg1_wait(0.7, 1.0)) == pytest.approx(7 / 3)


@pytest.mark.parametrize("counters", [1, 3, 8])
def test_priority_moves_waiting_from_one_class_to_the_other(counters: int):
    waits = two_classes(counters, 0.75, 0.3)
    assert waits["P"] < waits[""]
    assert 0.3 * waits["P"] + 0.7 * waits[""] == pytest.approx(mmc_wait(counters, 0.75))


def test_one_counter_with_two_classes_is_cobhams_example():
    """The rest of a running service is load × mean; the first class waits it ÷ (1 − its load), the other that ÷ (1 −
    the load)."""
    waits = two_classes(1, 0.8, 0.25)
    assert waits == pytest.approx({"P": 0.8 / 0.8, "": 0.8 / (0.8 * 0.2)})
