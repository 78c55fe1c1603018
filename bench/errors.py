"""The exception tree of the project. Libraries raise these; the command line alone prints them.

BenchError
├── SuiteError       a suite file says something that cannot be meant (exit code 2)
├── UsageError       a command was called wrongly (exit code 2)
├── DataError        images or annotations are missing, damaged or contradictory
├── ModelError       a model file or model description cannot be used
├── UnavailableError a combination cannot be made; the message is the reason that a report shows
├── BuildError       making an artifact failed, or the made file did not pass its check
├── HostError        a host cannot be reached or cannot run a job
├── JobError         a job failed on the device
└── StoreError       results on disk cannot be read or written
"""


class BenchError(Exception):
    """Base of all errors that a user can cause or mend; the message says what, expected what, do what."""


class SuiteError(BenchError):
    """A suite file says something that cannot be meant."""


class UsageError(BenchError):
    """A command was called with arguments that do not fit."""


class DataError(BenchError):
    """Images or annotations are missing, damaged or contradictory."""


class ModelError(BenchError):
    """A model file or its description cannot be used."""


class UnavailableError(BenchError):
    """A combination of model, precision and runtime cannot be made; the message is the reason."""


class BuildError(BenchError):
    """Making an artifact failed, or the file that was made did not pass its check."""


class HostError(BenchError):
    """A host cannot be reached, or cannot run a job."""


class JobError(BenchError):
    """A job failed on the device."""


class StoreError(BenchError):
    """Results on disk cannot be read or written."""
