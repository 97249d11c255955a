// The kernels for every processor of the architecture.
#include "dx7/kernels_impl.h"

namespace synthrl::dx7 {

const Kernels& portable_kernels(Engine engine) { return kEngineKernels[static_cast<int>(engine)]; }

}  // namespace synthrl::dx7
