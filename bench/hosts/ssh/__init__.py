"""Boards behind SSH: one ssh process a board carries control, files and news.

The user's own OpenSSH does it, with their configuration, aliases, jump hosts, agent and known hosts. What
runs on the device is in `bench.agent`.
"""
