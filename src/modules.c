/* SPDX-License-Identifier: Apache-2.0 */
extern int hb_modules_placeholder;
int hb_modules_placeholder;
