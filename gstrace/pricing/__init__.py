"""Census × scheme × prices: how often each operation would run, and what that costs, as honest intervals."""
