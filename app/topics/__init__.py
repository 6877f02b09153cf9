"""Topics 主题: groups of feedback that keep their identity from one fit to the next."""
