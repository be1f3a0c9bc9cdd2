// SPDX-License-Identifier: BSL-1.0
/// Exact values of codes in Boost.Multiprecision, for oracles and for studies of rounding.
#pragma once

#include <limits>

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>

#include <upset/core/error.hpp>
#include <upset/format/quantize.hpp>

namespace upset {

/// A binary float of 600 bits: holds sums and products of any two values of any format exactly.
using WideFloat = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<600, boost::multiprecision::digit_base_2>,
    boost::multiprecision::et_off>;

/// - errors: infinities and NaN are no rationals: throws `Error`
[[nodiscard]] inline boost::multiprecision::cpp_rational to_rational(const Dyadic& x) {
  using boost::multiprecision::cpp_int;
  if (x.kind != RealKind::finite) {
    throw Error{"to_rational: infinity and NaN have no rational value; test for them first"};
  }
  const cpp_int size = x.significand;
  const cpp_int significand = x.negative ? cpp_int{-size} : size;
  const cpp_int power = cpp_int{1} << (x.exponent < 0 ? -x.exponent : x.exponent);
  using Rational = boost::multiprecision::cpp_rational;
  return x.exponent < 0 ? Rational{significand, power} : Rational{significand * power};
}

[[nodiscard]] inline WideFloat to_wide_float(const Dyadic& x) {
  const WideFloat magnitude = x.kind == RealKind::nan ? std::numeric_limits<WideFloat>::quiet_NaN()
                              : x.kind == RealKind::infinite
                                  ? std::numeric_limits<WideFloat>::infinity()
                                  : ldexp(WideFloat{x.significand}, x.exponent);
  return x.negative ? WideFloat{-magnitude} : magnitude;
}

/// The exact value of any code under its scale, where `F::decode` may round to float.
///
/// - errors: codes and faulty scales without a finite value throw `Error`
template <ElementType F>
[[nodiscard]] boost::multiprecision::cpp_rational exact_rational(typename F::code_type code,
                                                                 typename F::Scale scale = {}) {
  if constexpr (NumberFormat<F>) {
    return to_rational(F::from_bits(code).dyadic());
  } else if constexpr (F::operand == Operand::level) {
    return to_rational(to_dyadic(F::step(scale))) * F::level(code, scale);
  } else {
    return to_rational(to_dyadic(F::decode(code, scale)));  // exact: MultiLevelBinary
  }
}

/// As `exact_rational`, with infinities and NaN.
template <ElementType F>
[[nodiscard]] WideFloat exact_value(typename F::code_type code, typename F::Scale scale = {}) {
  if constexpr (NumberFormat<F>) {
    return to_wide_float(F::from_bits(code).dyadic());
  } else if constexpr (F::operand == Operand::level) {
    return to_wide_float(to_dyadic(F::step(scale))) * F::level(code, scale);
  } else {
    return to_wide_float(to_dyadic(F::decode(code, scale)));  // exact: MultiLevelBinary
  }
}

}  // namespace upset
