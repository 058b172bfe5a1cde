"""The portal: a host application on the guards and reading services only.

It shows what a person may read; nothing can be granted here.
"""
