// SPDX-License-Identifier: BSL-1.0
// expect: straight_through<F>: the factors of F are learned, and it is not made of signs
#include <span>
#include <vector>

#include <upset/format/fixed.hpp>
#include <upset/format/gamma.hpp>
#include <upset/format/straight_through.hpp>

struct Learned : upset::PlainWord<Learned, 4> {
  using Four = upset::Fixed<4, 0>;
  using code_type = Four::code_type;
  using Scale = upset::GammaScale<1>;
  using Element = Learned;
  static constexpr int width = 4;
  static constexpr upset::Operand operand = upset::Operand::real;
  static constexpr upset::Name name() { return upset::Name{"Learned"}; }
  static constexpr upset::BitRole role(int bit) { return Four::role(bit); }
  static constexpr code_type encode(float x, Scale) { return Four::encode(x, {}); }
  static constexpr float decode(code_type code, Scale) { return Four::decode(code, {}); }
  static constexpr Scale fit(std::span<const float>) { return {}; }
#ifdef UPSET_VALID
  static float straight_through(float, Scale, float d_quantized, std::span<double>) {
    return d_quantized;
  }
#endif
};

int main() {
  std::vector<double> d_gammas(1);
  return upset::straight_through<Learned>(1.0F, {}, 1.0F, d_gammas) == 1.0F ? 0 : 1;
}
