"""Printers that fail in the middle of a job, and printers that are not as the book says."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest
from escpos.printer import Dummy
from PIL import Image, ImageChops

from printer_agent.job import defused
from printer_agent.wire import Printed, Reason, Unknown
from tests.contract.printer_jobs import OPTIONS, SHORT, Begin, a_picture, job_bytes, print_to
from tests.simulators.escpos_decoder import picture_digest
from tests.simulators.printer import Fault, PrinterSimulator

# After the first byte


def test_a_roll_near_its_end_is_a_warning(printer):
    printer.set(Fault.NEAR_END)
    assert print_to(printer, a_picture()) == Printed(Reason.NEAR_END)


@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.COVER_OPEN, Reason.COVER_OPEN), (Fault.PAPER_OUT, Reason.PAPER_OUT)]
)
def test_a_fault_behind_the_printers_own_word_takes_nothing_back(printer, fault, reason):
    picture = a_picture()
    printer.set_after(job_bytes(picture) + 3, fault)  # 3: the question that is answered in order
    assert print_to(printer, picture) == Printed(reason)
    assert printer.wait_for_papers(1)[0].digest() == picture_digest(picture)


@pytest.mark.parametrize("fault", [Fault.COVER_OPEN, Fault.PAPER_OUT, Fault.OFFLINE])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_fault_before_that_leaves_the_paper_unknown(printer, fault, share):
    picture = a_picture()
    printer.set_after(round(job_bytes(picture) * share), fault)
    assert print_to(printer, picture) == Unknown(Reason(fault.value))


def test_what_the_buffer_held_comes_out_when_paper_is_there_again(printer):
    """The reason why the next paper must say that it is a reprint."""
    picture = a_picture()
    printer.set_after(job_bytes(picture) // 2, Fault.PAPER_OUT)
    assert print_to(printer, picture) == Unknown(Reason.PAPER_OUT)
    assert printer.papers == []
    printer.clear(Fault.PAPER_OUT)
    assert printer.wait_for_papers(1)[0].digest() == picture_digest(picture)


def test_a_small_buffer_that_fills_up_is_still_diagnosed():
    with PrinterSimulator(buffer_bytes=4096) as printer:
        picture = a_picture(height=3000)
        printer.set_after(20_000, Fault.PAPER_OUT)
        assert print_to(printer, picture, SHORT) == Unknown(Reason.PAPER_OUT)


def test_a_connection_that_breaks_inside_the_picture_leaves_a_torn_paper(printer):
    printer.drop_after(10_000)
    assert print_to(printer, a_picture()) == Unknown(Reason.UNREACHABLE)
    [paper] = printer.wait_for_papers(1)
    assert (paper.is_cut, paper.is_torn) == (False, True)
    assert 100 < paper.image.height < 200


def test_a_printer_that_loses_power_inside_the_job_leaves_the_paper_unknown(printer):
    power_off = threading.Thread(target=printer.stop)
    assert print_to(printer, a_picture(), begin=power_off.start) == Unknown(Reason.UNREACHABLE)
    power_off.join()


@pytest.mark.parametrize("fault", [Fault.SWALLOW, Fault.MUTE])
def test_bytes_that_vanish_are_not_taken_for_a_paper(printer, fault):
    begin = Begin(lambda: printer.set(fault))
    assert print_to(printer, a_picture(), SHORT, begin) == Unknown(Reason.TIMEOUT)
    assert printer.papers == []


def test_a_slow_printer_is_waited_for():
    picture = a_picture()
    with PrinterSimulator(bytes_per_second=job_bytes(picture), buffer_bytes=2048) as printer:  # takes one second
        assert print_to(printer, picture) == Printed()
        assert len(printer.papers) == 1


def test_a_printer_slower_than_the_job_may_take_is_unknown():
    with PrinterSimulator(bytes_per_second=1000) as printer:
        assert print_to(printer, a_picture(), SHORT) == Unknown(Reason.TIMEOUT)


# Printers that are not as the book says


def test_unasked_status_reports_are_not_taken_for_answers():
    with PrinterSimulator(greeting=bytes((0x1C, 0x00, 0x0C, 0x0F))) as printer:  # offline and no paper, long ago
        assert print_to(printer, a_picture()) == Printed()


def test_a_printer_that_ignores_the_question_in_order_needs_the_other_setting():
    with PrinterSimulator(answers_in_order=False) as printer:
        assert print_to(printer, a_picture(), SHORT) == Unknown(Reason.TIMEOUT)
        assert print_to(printer, a_picture(height=50), replace(OPTIONS, confirms="real_time")) == Printed()
        assert [paper.image.height for paper in printer.wait_for_papers(2)] == [300, 50]


def test_by_real_time_status_alone_a_fault_during_the_job_is_seen():
    with PrinterSimulator(answers_in_order=False) as printer:
        begin = Begin(lambda: printer.set(Fault.COVER_OPEN))
        options = replace(OPTIONS, confirms="real_time")
        assert print_to(printer, a_picture(), options, begin) == Unknown(Reason.COVER_OPEN)


def test_half_a_picture_left_in_the_printer_does_not_eat_the_next_job():
    picture = a_picture()
    with PrinterSimulator(forgets_half_command=False) as printer:
        printer.drop_after(10_000)
        assert isinstance(print_to(printer, picture), Unknown)
        assert print_to(printer, picture, is_dirty=True) == Printed()
        assert printer.wait_for_papers(2)[-1].digest() == picture_digest(picture)


def test_control_without_filling_up_the_next_job_is_spoilt():
    picture = a_picture()
    with PrinterSimulator(forgets_half_command=False) as printer:
        printer.drop_after(10_000)
        assert isinstance(print_to(printer, picture), Unknown)
        print_to(printer, picture, SHORT)
        assert printer.wait_for_papers(1)[-1].digest() != picture_digest(picture)


CLEAR_BUFFER = b"\x10\x05\x02"


def a_picture_with_a_command() -> Image.Image:
    row = CLEAR_BUFFER + bytes(69)
    dots = Image.frombytes("1", (576, 4), row * 4)
    return ImageChops.invert(dots.convert("L")).convert("1")


def test_dots_that_look_like_a_real_time_command_are_not_obeyed(printer):
    picture = a_picture_with_a_command()
    assert print_to(printer, picture) == Printed()
    [paper] = printer.wait_for_papers(1)
    assert CLEAR_BUFFER not in printer.real_time_commands
    difference = ImageChops.difference(paper.image.convert("L"), picture.convert("L"))
    assert difference.histogram()[255] == 4  # one dot a row
    assert defused(picture).tobytes() == paper.image.tobytes()


def test_control_the_library_alone_would_send_that_command(printer):
    with socket.create_connection(printer.address) as line:
        dummy = Dummy(profile="TM-T20II")
        dummy.image(a_picture_with_a_command())
        line.sendall(dummy.output)
        printer.wait_until(lambda it: CLEAR_BUFFER in it.real_time_commands)
