"""The commands of ``mo-access``, one file for each subject."""
