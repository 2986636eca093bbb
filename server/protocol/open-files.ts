// The limit on open files, and so sockets, of this process. Bun raises the soft limit to the hard
// limit by itself, so the hard limit counts.
//
//   openFilesMax()     // 1048576, 20000, 1024; null where the system does not report it

interface SystemReport {
  userLimits?: { open_files?: { hard?: number | string } };
}

/** The hard limit on open files; null when it is unlimited or not known. */
export function openFilesMax(): number | null {
  const { userLimits } = process.report.getReport() as SystemReport;
  const hard = userLimits?.open_files?.hard;
  return typeof hard === "number" && hard > 0 ? hard : null;
}
