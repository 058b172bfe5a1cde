"""The portal: a host application on the guards and reading services only.

It shows what a person may read, and a beheerder who has access; nothing can be granted here.
"""
