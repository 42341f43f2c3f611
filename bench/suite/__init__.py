"""The benchmark suite of lshost: orchestration in Python 3, standard library only. See bench/README.md."""
