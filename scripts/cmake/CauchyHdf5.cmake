# cauchy_hdf5: the serial HDF5 library. For the build, and for projects that use an installed Cauchy.

# Debian installs a serial and an MPI flavour side by side and lets the plain name point at either: ask for the serial
# one by name, and take the plain name elsewhere.
if(NOT TARGET cauchy_hdf5)
  set(HDF5_PREFER_PARALLEL OFF)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(HDF5_SERIAL QUIET IMPORTED_TARGET hdf5-serial)
  endif()
  if(NOT HDF5_SERIAL_FOUND)
    find_package(HDF5 QUIET COMPONENTS C)
  endif()
  if(HDF5_SERIAL_FOUND OR (HDF5_FOUND AND NOT HDF5_IS_PARALLEL))
    add_library(cauchy_hdf5 INTERFACE IMPORTED)
    target_link_libraries(cauchy_hdf5 INTERFACE $<IF:$<BOOL:${HDF5_SERIAL_FOUND}>,PkgConfig::HDF5_SERIAL,hdf5::hdf5>)
  endif()
endif()
