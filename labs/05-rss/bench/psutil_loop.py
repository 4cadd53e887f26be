"""Looks at a process again and again through psutil, as psrecord does, and prints the processor time of
one look in microseconds: psutil_loop.py PID LOOKS [children]. The interpreter's start is left out."""

import sys
import time

import psutil

process, looks, with_children = psutil.Process(int(sys.argv[1])), int(sys.argv[2]), len(sys.argv) > 3
process.cpu_percent()
began = time.process_time()
for _ in range(looks):
    memory = process.memory_info()
    resident, reserved = memory.rss, memory.vms
    process.cpu_percent()
    if with_children:
        for child in process.children(recursive=True):
            resident += child.memory_info().rss
    time.sleep(0.01)
print(f"{(time.process_time() - began) / looks * 1e6:.1f}")
