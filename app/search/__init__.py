"""Search 检索: full text over masked words, and feedback that is similar to one."""
