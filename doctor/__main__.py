"""The program: hands over to the command line."""


def main() -> None:
    """Run `llm-doctor`."""
    from doctor.cli.main import run

    run()


if __name__ == "__main__":
    main()
