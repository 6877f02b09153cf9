"""`python -m app` is `huisheng`."""

from app.cli import main

if __name__ == "__main__":
    main()
