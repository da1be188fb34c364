"""The reference client: sending flows over a wire (trio), and the stages of a session."""

from harness.client.drive import Observe, drive
from harness.client.stages import LINE, Stage, Stopped, stage_of, staged

__all__ = ["LINE", "Observe", "Stage", "Stopped", "drive", "stage_of", "staged"]
