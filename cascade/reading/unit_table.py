"""Unit table: dimension and scale of each unit that is read, by its CLDR name.

A dimension is written in base units (`m`, `kg`, `s`, `A`, `K`, `mol`, `cd`, `bit`, `rad`, `month`, `USD` …), the scale
is exact. Months and years have no exact length in seconds, so they are a dimension of their own.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

_TABLE: Final = """
m: meter 1, kilometer 1000, decimeter .1, centimeter .01, millimeter .001, micrometer 1e-6, nanometer 1e-9,
 picometer 1e-12, inch .0254, foot .3048, yard .9144, mile 1609.344, nautical-mile 1852, fathom 1.8288,
 furlong 201.168, light-year 9460730472580800, astronomical-unit 149597870700
m^2: square-meter 1, square-kilometer 1e6, square-centimeter 1e-4, square-foot .09290304, square-inch .00064516,
 square-mile 2589988.110336, square-yard .83612736, hectare 1e4, acre 4046.8564224
m^3: cubic-meter 1, cubic-kilometer 1e9, cubic-centimeter 1e-6, cubic-foot .028316846592, cubic-inch .000016387064,
 cubic-yard .764554857984, liter .001, deciliter .0001, centiliter .00001, milliliter 1e-6, hectoliter .1,
 megaliter 1000, gallon .003785411784, quart .000946352946, pint .000473176473, cup .0002365882365,
 fluid-ounce .0000295735295625, tablespoon .00001478676478125, teaspoon .00000492892159375, barrel .158987294928
kg: kilogram 1, gram .001, milligram 1e-6, microgram 1e-9, tonne 1000, ton 907.18474, pound .45359237,
 ounce .028349523125, stone 6.35029318, carat .0002
s: second 1, millisecond .001, microsecond 1e-6, nanosecond 1e-9, minute 60, hour 3600, day 86400, week 604800,
 fortnight 1209600
month: month 1, quarter 3, year 12, decade 120, century 1200
A: ampere 1, milliampere .001
kg m^2 s^-3 A^-1: volt 1
kg m^2 s^-3 A^-2: ohm 1
s A: coulomb 1
s^4 A^2 kg^-1 m^-2: farad 1
kg m^2 s^-2 A^-2: henry 1
kg s^-2 A^-1: tesla 1
kg m^2 s^-2 A^-1: weber 1
s^3 A^2 kg^-1 m^-2: siemens 1
K: kelvin 1, celsius 1, fahrenheit 5/9, rankine 5/9
mol: mole 1
cd: candela 1
lm: lumen 1
lm m^-2: lux 1
kg m^2 s^-2: joule 1, kilojoule 1000, calorie 4.184, kilocalorie 4184, kilowatt-hour 3600000,
 electronvolt 1.602176634e-19
kg m^2 s^-3: watt 1, milliwatt .001, kilowatt 1000, megawatt 1e6, gigawatt 1e9, horsepower 745.69987158227022
kg m s^-2: newton 1, pound-force 4.4482216152605
kg m^-1 s^-2: pascal 1, hectopascal 100, kilopascal 1000, megapascal 1e6, bar 100000, millibar 100,
 atmosphere 101325, millimeter-ofhg 133.322387415, pound-force-per-square-inch 6894.757293168361
s^-1: hertz 1, kilohertz 1000, megahertz 1e6, gigahertz 1e9
m s^-1: meter-per-second 1, kilometer-per-hour 5/18, mile-per-hour .44704, knot 463/900
m s^-2: meter-per-square-second 1, g-force 9.80665
bit: bit 1, byte 8, kilobit 1000, kilobyte 8000, megabit 1e6, megabyte 8e6, gigabit 1e9, gigabyte 8e9, terabit 1e12,
 terabyte 8e12, petabyte 8e15
deg: degree 1, arc-minute 1/60, arc-second 1/3600
rad: radian 1
%: percent 1, permille .1
px: pixel 1, megapixel 1e6
"""

OFFSETS: Final = {"celsius": Fraction("273.15"), "fahrenheit": Fraction("459.67")}
"""What is added to a temperature before it is scaled to kelvin."""

CURRENCIES: Final = (
    *("USD", "EUR", "GBP", "JPY", "CNY", "INR", "KRW", "RUB", "BRL", "CHF", "CAD", "AUD", "MXN", "SEK", "NOK", "DKK"),
    *("PLN", "TRY", "ZAR", "ILS", "THB", "VND", "IDR", "PHP", "NGN", "UAH", "EGP", "SAR", "AED", "HKD", "TWD", "SGD"),
)
"""Currencies that are read; each is a dimension of its own."""


def _scales() -> dict[str, tuple[str, Fraction]]:
    found: dict[str, tuple[str, Fraction]] = {}
    for line in _TABLE.strip().replace(",\n ", ", ").splitlines():
        dimension, _, units = line.partition(": ")
        for unit in units.split(", "):
            name, scale = unit.split()
            found[name] = (dimension, Fraction(scale))
    for code in CURRENCIES:
        found[code] = (code, Fraction(1))
    return found


SCALES: Final = _scales()
"""Dimension and scale of each unit by its CLDR name or currency code."""
