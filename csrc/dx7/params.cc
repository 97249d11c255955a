#include "dx7/params.h"

namespace synthrl::dx7 {

const std::array<Parameter, kNumParameters> kParameters = {{
#include "dx7_parameters.inc"
}};

}  // namespace synthrl::dx7
