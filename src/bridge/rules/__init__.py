"""Promotion rules: what admins write, which incidents it covers, and what follows. Pure; reads only rule files."""
