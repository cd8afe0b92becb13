"""The system clock runs on the monotonic clock, and takes a correction as it is told."""

import time

from hookline.clock import HOUR, Micros, SystemClock


def test_it_follows_the_time_it_is_told_and_the_machine_again() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time_ns() // 1000) < HOUR
    told = Micros(clock.now() + 5 * HOUR)
    clock.follow(told)
    assert told <= clock.now() < told + HOUR
    clock.follow_machine()
    assert abs(clock.now() - time.time_ns() // 1000) < HOUR
