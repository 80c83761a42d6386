"""A session as it is placed: names of pigments become absorption."""

from __future__ import annotations

from smpengine.plan.pigments import mua_at, shade_at
from smpengine.plan.placement import Layer
from smpengine.plan.schema import SessionTable
from smpengine.skintable import RGB_NM


def layer_of(session: SessionTable, lambda_nm: tuple[float, ...]) -> Layer:
    """Return a session's layer, before dials and faults.

    Parameters
    ----------
    session
        Presets filled in.
    lambda_nm
        The lambda_nm of the skin, (bands,).
    """
    pigment = session.pigment
    if isinstance(pigment, str):
        mua = shade_at(pigment, lambda_nm)
    elif isinstance(pigment.mua_per_mm, list):
        mua = mua_at(lambda_nm, pigment.lambda_nm or RGB_NM, pigment.mua_per_mm)
    else:
        mua = (pigment.mua_per_mm,) * len(lambda_nm)
    return Layer(
        density_per_cm2=session.density_per_cm2,
        gap_share=session.gap_share,
        radius_mm=session.radius_mm,
        radius_spread_mm=session.radius_spread_mm,
        depth_mm=session.depth_mm,
        depth_spread_mm=session.depth_spread_mm,
        thickness_mm=session.thickness_mm,
        mua_per_mm=tuple(value / session.dilution for value in mua),
        mua_spread=session.mua_spread,
    )
