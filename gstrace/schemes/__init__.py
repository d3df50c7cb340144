"""Schemes as data: what each way of handling the bases executes in each situation."""
