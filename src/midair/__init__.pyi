"""midair changes database schemas while the application keeps flying (the names that type checkers see)."""

from midair.errors import MidairError as MidairError
from midair.execution.services import Reporter as Reporter
from midair.journal.journal import RunRecord as RunRecord
from midair.model.address import Address as Address
from midair.model.address import Product as Product
from midair.model.address import Secret as Secret
from midair.model.event import Event as Event
from midair.model.migration import Applied as Applied
from midair.model.migration import Direction as Direction
from midair.model.migration import Migration as Migration
from midair.model.migration import Standing as Standing
from midair.model.migration import State as State
from midair.model.outcome import Done as Done
from midair.model.plan import Plan as Plan
from midair.pipeline.apply import apply as apply
from midair.pipeline.apply import resume as resume
from midair.pipeline.apply import rollback as rollback
from midair.pipeline.contract import contract as contract
from midair.pipeline.contract import gates as gates
from midair.pipeline.doctor import doctor as doctor
from midair.pipeline.new import new as new
from midair.pipeline.opening import address_of as address_of
from midair.pipeline.opening import detect as detect
from midair.pipeline.opening import open_project as open_project
from midair.pipeline.plan import plan as plan
from midair.pipeline.repair import repair as repair
from midair.pipeline.request import Request as Request
from midair.pipeline.stamp import stamp as stamp
from midair.pipeline.status import Status as Status
from midair.pipeline.status import history as history
from midair.pipeline.status import status as status
from midair.pipeline.tag import tag as tag
from midair.sources.source import Found as Found
from midair.sources.source import Project as Project

__version__: str
