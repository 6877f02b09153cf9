"""The commands of `huisheng`, a file for each group; each builds a Runtime and calls one service function."""
